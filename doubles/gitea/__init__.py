"""Gitea: the login of people."""
