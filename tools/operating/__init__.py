"""An operation on real providers: the pulumi CLI does it, and what it does is shown as the demo shows it."""
