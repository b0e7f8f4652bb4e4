"""The simulated Proxmox VE: downloaded images, virtual machines, and the `proxmoxve` package."""
