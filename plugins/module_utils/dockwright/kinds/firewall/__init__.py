"""Who may reach published ports: rules of netfilter in chains of our own."""
