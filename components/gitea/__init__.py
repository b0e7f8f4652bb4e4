"""What runs inside the pod of Gitea beside Gitea."""
