"""Tasks of community.docker and the same in our spec, as docs/coming-from.md has it."""

from __future__ import annotations

from typing import Any

Pair = tuple[dict[str, Any], dict[str, Any]]

# By the container's name. `helper` comes first, as others refer to it.
PAIRS: dict[str, Pair] = {
    "helper": (
        {"state": "started", "ipc_mode": "shareable", "volumes": ["/srv:/lent:ro"]},
        {"state": "running", "ipc": "shareable", "volumes": ["/srv:/lent:ro"]},
    ),
    "limits": (
        {
            "cpu_period": 50000,
            "cpu_quota": 25000,
            "cpu_shares": 512,
            "cpuset_cpus": "0",
            "cpuset_mems": "0",
            "memory": "64M",
            "memory_reservation": "32M",
            "memory_swap": "96M",
            "oom_score_adj": 5,
            "pids_limit": 10,
            "shm_size": "96M",
            "ulimits": ["nofile:1234:1234", "nproc:30:60"],
            "restart_policy": "on-failure",
            "restart_retries": 5,
        },
        {
            "cpu_period": 50000,
            "cpu_quota": 25000,
            "cpu_shares": "512",
            "cpuset": 0,
            "cpuset_mems": "0",
            "mem_limit": "64mb",
            "mem_reservation": 32 * 1024**2,
            "memswap_limit": "96m",
            "oom_score_adj": 5,
            "pids_limit": 10,
            "shm_size": "96m",
            "ulimits": {"nproc": {"soft": 30, "hard": 60}, "nofile": 1234},
            "restart": "on-failure:5",
        },
    ),
    "words": (
        {
            "command": '/bin/sh -c "sleep 10m"',
            "entrypoint": ["/usr/bin/env", "-i"],
            "env": {"B": "val2", "A": "val1", "ON": "True", "FROM_FILE": "ours"},
            "env_file": "{{ folder }}/env",
            "labels": {"test.2": "world", "test.1": "hello"},
            "hostname": "me.example.com",
            "domainname": "example.com",
            "user": "nobody",
            "groups": ["1234", "users"],
            "working_dir": "/tmp",
            "stop_signal": "30",
            "stop_timeout": 2,
            "interactive": True,
            "tty": True,
            "init": True,
            "read_only": True,
            "runtime": "runc",
            "platform": "linux/amd64",
            "log_driver": "json-file",
            "log_options": {"max-file": 5, "max-size": "10m", "env": "os,customer"},
            "healthcheck": {
                "test": ["CMD", "sleep", 1],
                "interval": "0h0m2s3ms4us",
                "timeout": "2s",
                "start_period": "20s",
                "start_interval": "1s",
                "retries": 2,
            },
        },
        {
            "command": ["/bin/sh", "-c", "sleep 10m"],
            "entrypoint": "/usr/bin/env -i",
            "environment": ["A=val1", "B=val2", "ON=True", "FROM_FILE=ours"],
            "env_file": "{{ folder }}/env",
            "labels": ["test.1=hello", "test.2=world"],
            "hostname": "me.example.com",
            "domainname": "example.com",
            "user": "nobody",
            "group_add": ["users", 1234],
            "working_dir": "/tmp/",
            "stop_signal": 30,
            "stop_grace_period": "2s",
            "stdin_open": True,
            "tty": True,
            "init": True,
            "read_only": True,
            "runtime": "runc",
            "platform": "linux/amd64",
            "logging": {
                "driver": "json-file",
                "options": {"env": "os,customer", "max-file": "5", "max-size": "10m"},
            },
            "healthcheck": {
                "test": ["CMD", "sleep", "1"],
                "interval": "2003004us",
                "timeout": "2s",
                "start_period": "20s",
                "start_interval": "1s",
                "retries": 2,
            },
        },
    ),
    "rights": (
        {
            "capabilities": ["sys_time"],
            "cap_drop": ["all"],
            "cgroup_parent": "/parity",
            "cgroupns_mode": "host",
            "device_cgroup_rules": ["c 10:200 rwm"],
            "devices": ["/dev/zero:/dev/virt-zero:rwm", "/dev/null:/dev/virt-null:r"],
            "device_requests": [],
            "security_opts": ["label:disable", "no-new-privileges"],
            "sysctls": {"net.ipv4.ip_forward": 1, "net.ipv4.icmp_echo_ignore_all": 1},
            "userns_mode": "host",
            "oom_killer": False,
            "cpus": 0.5,
        },
        {
            "cap_add": ["SYS_TIME"],
            "cap_drop": ["ALL"],
            "cgroup_parent": "/parity",
            "cgroup": "host",
            "device_cgroup_rules": ["c 10:200 rwm"],
            "devices": ["/dev/null:/dev/virt-null:r", "/dev/zero:/dev/virt-zero"],
            "gpus": [],
            "security_opt": ["no-new-privileges:true", "label=disable"],
            "sysctls": ["net.ipv4.icmp_echo_ignore_all=1", "net.ipv4.ip_forward=1"],
            "userns_mode": "host",
            "oom_kill_disable": False,
            "cpus": "0.50",
        },
    ),
    "shared": (
        {
            "ipc_mode": "container:helper",
            "pid_mode": "container:helper",
            "network_mode": "container:helper",
            "volumes_from": ["helper:ro"],
            "privileged": True,
        },
        {
            "ipc": "container:helper",
            "pid": "container:helper",
            "network_mode": "container:helper",
            "volumes_from": ["helper:ro"],
            "privileged": True,
        },
    ),
    "hosted": (
        {"network_mode": "host", "uts": "host", "state": "started", "paused": True},
        {"network_mode": "host", "uts": "host", "state": "paused"},
    ),
    "mounted": (
        {
            "volumes": ["/tmp:/tmp", "/:/whatever:ro,z", "/anonymous", "named:/named:nocopy"],
            "mounts": [
                {"type": "bind", "source": "/srv", "target": "/bound", "read_only": True},
                {"type": "bind", "source": "/srv", "target": "/slave", "propagation": "rslave"},
                {"type": "bind", "source": "/srv", "target": "/flat", "non_recursive": True},
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/closed",
                    "read_only": True,
                    "read_only_force_recursive": True,
                    "propagation": "rprivate",
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/open",
                    "read_only": True,
                    "read_only_non_recursive": True,
                },
                {"type": "bind", "source": "/srv", "target": "/made", "create_mountpoint": True},
                {"type": "volume", "target": "/unnamed"},
                {"type": "volume", "source": "other", "target": "/other", "no_copy": True},
                {
                    "type": "tmpfs",
                    "target": "/cache",
                    "tmpfs_mode": "1777",
                    "tmpfs_size": "1GB",
                },
            ],
            "tmpfs": ["/run:rw,noexec,nosuid,size=65536k", "/plain"],
        },
        {
            "volumes": [
                {"type": "bind", "source": "/tmp", "target": "/tmp"},
                "/:/whatever:z,ro",
                "/anonymous",
                "/unnamed",
                "named:/named:nocopy",
                "other:/other:nocopy",
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/bound",
                    "read_only": True,
                    "bind": {"create_host_path": False},
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/slave",
                    "bind": {"propagation": "rslave", "create_host_path": False},
                },
                "/srv:/made",
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/flat",
                    "bind": {"recursive": "disabled", "create_host_path": False},
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/closed",
                    "read_only": True,
                    "bind": {"recursive": "readonly", "create_host_path": False},
                },
                {
                    "type": "bind",
                    "source": "/srv",
                    "target": "/open",
                    "read_only": True,
                    "bind": {"recursive": "writable", "create_host_path": False},
                },
                {"type": "tmpfs", "target": "/cache", "tmpfs": {"size": "1g", "mode": "1777"}},
            ],
            "tmpfs": ["/plain", "/run:size=65536k,nosuid,noexec,rw"],
        },
    ),
    "reached": (
        {
            "dns_servers": ["1.1.1.1", "8.8.8.8"],
            "dns_opts": ["timeout:10", "rotate"],
            "dns_search_domains": ["example.com", "example.org"],
            "etc_hosts": {"example.com": "1.2.3.4", "example.org": "4.3.2.1"},
            "exposed_ports": ["9001", "9010-9012"],
            "published_ports": ["127.0.0.1:9002:9002/tcp", "[0:0::1]:9003:9003/udp", "9004"],
            "links": ["helper:one"],
            "mac_address": "92:d0:c6:0a:29:33",
        },
        {
            "dns": ["1.1.1.1", "8.8.8.8"],
            "dns_opt": ["rotate", "timeout:10"],
            "dns_search": ["example.com", "example.org"],
            "extra_hosts": ["example.org:4.3.2.1", "example.com=1.2.3.4"],
            "expose": ["9010-9012", 9001],
            # Theirs binds to the engine's IPv4 addresses alone where no address is named.
            "ports": ["0.0.0.0::9004", "127.0.0.1:9002:9002", "[::1]:9003:9003/udp"],
            "external_links": ["helper:one"],
            "mac_address": "92:D0:C6:0A:29:33",
        },
    ),
    "joined": (
        {
            "networks": [
                {"name": "front", "aliases": ["b", "a"], "ipv4_address": "10.77.1.10"},
                {"name": "back", "links": ["helper:far"]},
                {"name": "whole", "ipv6_address": "fdd1:ac8c:0557:7ce0:0::5"},
            ],
            "published_ports": ["9010-9050:9010"],
            "default_host_ip": "",
        },
        {
            "networks": {
                "front": {"aliases": ["a", "b"], "ipv4_address": "10.77.1.10"},
                "back": {"links": ["helper:far"]},
                "whole": {"ipv6_address": "fdd1:ac8c:557:7ce0::5"},
            },
            "ports": ["9010-9050:9010"],
        },
    ),
}
NETWORKS: dict[str, Pair] = {
    "front": (
        {"ipam_config": [{"subnet": "10.77.1.0/24"}]},
        {"ipam": {"config": [{"subnet": "10.77.1.0/24"}]}},
    ),
    "back": ({}, {}),
    "whole": (
        {
            "attachable": True,
            "driver": "bridge",
            "driver_options": {"com.docker.network.bridge.enable_icc": "false"},
            "enable_ipv6": True,
            "internal": True,
            "ipam_driver": "default",
            "ipam_driver_options": {"a": "b"},
            "ipam_config": [
                {
                    "subnet": "10.77.3.0/24",
                    "gateway": "10.77.3.2",
                    "iprange": "10.77.3.0/26",
                    "aux_addresses": {"one": "10.77.3.3", "two": "10.77.3.4"},
                },
                {"subnet": "fdd1:ac8c:0557:7ce0::/64"},
            ],
            "labels": {"test.1": "hello", "test.2": "world"},
        },
        {
            "attachable": True,
            "driver_opts": {"com.docker.network.bridge.enable_icc": False},
            "enable_ipv6": True,
            "internal": True,
            "ipam": {
                "options": {"a": "b"},
                "config": [
                    {"subnet": "fdd1:ac8c:557:7ce0:0::/64"},
                    {
                        "subnet": "10.77.3.0/24",
                        "gateway": "10.77.3.2",
                        "ip_range": "10.77.3.0/26",
                        "aux_addresses": {"two": "10.77.3.4", "one": "10.77.3.3"},
                    },
                ],
            },
            "labels": ["test.2=world", "test.1=hello"],
        },
    ),
}
VOLUMES: dict[str, Pair] = {
    "whole": (
        {
            "driver": "local",
            "driver_options": {"type": "tmpfs", "device": "tmpfs", "o": "size=10m,uid=1000"},
            "labels": {"test.1": "hello", "test.2": "5"},
        },
        {
            "driver_opts": {"o": "size=10m,uid=1000", "type": "tmpfs", "device": "tmpfs"},
            "labels": ["test.2=5", "test.1=hello"],
        },
    ),
}
# Theirs compares texts where the engine has several for the same, ours the meaning: `all` and
# `ALL`, `label:disable` and `label=disable`, `0:0::1` and `::1`, a bind as text and as a mount.
BY_TEXT = ("rights", "mounted", "reached")
# Options that are no property of a container that is there, and what shows them.
NO_STATE = {
    "how the engine is reached (test_refusals, test_remote)": {
        *("api_version", "ca_path", "client_cert", "client_key", "docker_host", "timeout", "tls"),
        *("tls_hostname", "use_ssh_client", "validate_certs", "debug"),
    },
    "how it is compared: ours is exact (test_rows, test_project.test_ignored_paths)": {
        *("command_handling", "comparisons", "container_default_behavior", "image_comparison"),
        *("image_label_mismatch", "image_name_mismatch", "networks_cli_compatible"),
    },
    "what a run does (test_states, test_project, test_image, test_truth)": {
        *("cleanup", "detach", "force_kill", "healthy_wait_timeout", "keep_volumes"),
        *("kill_signal", "output_logs", "pull", "pull_check_mode_behavior", "recreate"),
        *("removal_wait_timeout", "restart"),
    },
    "a test host cannot have it: its cases are run in memory, or created alone (tests/cases)": {
        *("blkio_weight", "device_read_bps", "device_read_iops", "device_write_bps"),
        *("device_write_iops", "memory_swappiness", "storage_opts"),
    },
    "has no place in a spec (docs/coming-from.md says why)": {
        *("auto_remove", "kernel_memory", "publish_all_ports", "volume_driver"),
    },
}
