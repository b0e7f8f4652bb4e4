"""A policy pack of Pulumi (CrossGuard) with the functions of `invariants/`: pulumi preview --policy-pack policy."""
