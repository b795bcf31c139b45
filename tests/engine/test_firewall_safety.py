"""The firewall refuses what would cut us off, and takes back what fails or nobody confirms."""

from __future__ import annotations

from tests.engine.firewall_site import Site, wait


def test_raw_rules_and_refusals(guarded26: Site) -> None:
    site = guarded26
    raw = {"ipv4": [f"-s {site.stranger.ipv4} -p tcp --dport 80 -j RETURN"]}
    raw["ipv4"].append("-A INPUT -p tcp --dport 2222 -s 192.0.2.1,192.0.2.2 -j REJECT")
    site.apply(site.spec(raw=raw))
    assert site.stranger.gets(site.ipv4, 8080)
    assert site.apply(site.spec(raw=raw))["changes"] == []
    good = site.rules()
    wrong = {"ipv4": ["-i wg0 -j RETURN", "--no-such-option 3 -j DROP"]}
    answer = site.answer(site.spec(raw=wrong))
    assert answer["problems"][0]["where"] == "firewall.raw.ipv4[1]"
    assert not answer["changed"]
    interface = [{"port": 1, "interface": "eth7"}]
    answer = site.answer(site.spec(allow=interface))
    assert answer["problems"][0]["where"] == "firewall.allow[0].interface"
    assert "eth1" in answer["problems"][0]["fix"]
    assert site.rules() == good
    site.apply(site.spec())
    assert not site.stranger.gets(site.ipv4, 8080)


def test_who_came_by_a_connection_is_not_cut_off(guarded26: Site) -> None:
    site = guarded26
    came = {"SSH_CONNECTION": f"{site.friend.ipv6} 40000 {site.ipv6} 2222"}
    answer = site.answer(site.spec(), **came)
    assert answer["problems"][0]["where"] == "firewall.host_ports"
    assert "would cut the connection" in answer["message"]
    site.apply(site.spec(host_ports=["22", "2222"]), **came)
    raw = {"ipv6": ["-A INPUT -p tcp --dport 2222 -j DROP"]}
    answer = site.answer(site.spec(host_ports=[22, 2222], raw=raw), **came)
    assert answer["problems"][0]["where"] == "firewall.raw.ipv6[0]"
    site.apply(site.spec(host_ports=[22, 2222], raw=raw, force=True), **came)
    site.apply(site.spec())


def test_what_nobody_confirms_is_taken_back(guarded26: Site) -> None:
    site = guarded26
    first = {"SSH_CONNECTION": f"{site.friend.ipv4} 40000 {site.ipv4} 22"}
    second = {"SSH_CONNECTION": f"{site.friend.ipv4} 40001 {site.ipv4} 22"}
    before = site.rules()
    open_to_all = {"default": "accept"}
    site.apply({**open_to_all, "confirm_within": "10s"}, **first)
    assert site.stranger.gets(site.ipv4, 8080)
    answer = site.answer({"default": "accept", "confirm": True}, **first)
    assert "comes by the connection of the task" in answer["message"]
    wait(lambda: site.rules() == before)
    assert not site.stranger.gets(site.ipv4, 8080)
    assert site.apply(site.spec())["changes"] == []

    site.apply({**open_to_all, "confirm_within": "10m"}, **first)
    assert site.apply({**open_to_all, "confirm_within": "10m"}, **first)["changes"] == []
    done = site.apply({**open_to_all, "confirm": True}, **second)
    assert [change["path"] for change in done["changes"]] == ["confirm"]
    assert site.apply({**open_to_all, "confirm": True}, **second)["changes"] == []
    timers = site.host.exec(["systemctl", "list-units", "--all", "dockwright-firewall-revert*"])
    assert "dockwright-firewall-revert" not in timers.stdout
    site.apply(site.spec())


def test_when_the_second_family_fails_the_first_is_put_back(guarded26: Site) -> None:
    site = guarded26
    before = site.rules()
    real = site.host.exec(["sh", "-c", "command -v ip6tables-restore"]).stdout.strip()
    # Takes the test, and refuses the deed.
    fake = f'#!/bin/sh\ncase "$*" in *--test*) exec {real} "$@";; esac\necho no >&2\nexit 4\n'
    site.host.write("/usr/local/bin/ip6tables-restore", fake, mode=0o755)
    try:
        answer = site.answer(site.spec(allow=[{"port": 8081}]))
    finally:
        site.host.exec(["rm", "/usr/local/bin/ip6tables-restore"])
    assert answer["failed"] and "ip6tables-restore does not take the rules: no" in answer["message"]
    assert sorted(site.rules().splitlines()) == sorted(before.splitlines())
    assert site.apply(site.spec())["changes"] == []


# Last: it cleans the host that the tests above share.
def test_a_first_change_that_nobody_confirms_leaves_nothing(site26: Site) -> None:
    site26.apply(site26.spec(confirm_within="10s"))
    assert not site26.stranger.gets(site26.ipv4, 8080)
    wait(lambda: "DOCKWRIGHT" not in site26.rules())
    assert site26.stranger.gets(site26.ipv4, 8080)
    wait(
        lambda: site26.host.exec(["test", "-e", "/etc/dockwright/firewall"], check=False).returncode
    )
