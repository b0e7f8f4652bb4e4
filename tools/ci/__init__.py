"""What workflows run on GitHub and Gitea: a preview and a plan as comments, drift as an issue (docs/ci.md)."""
