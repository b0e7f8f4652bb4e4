"""What people of a group may do in the Kubernetes API with their login at Authentik."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.talos.authentication import PREFIX
from lib.kubernetes import role_reference


@dataclass(frozen=True, kw_only=True)
class GroupRolesArgs:
    """ClusterRole of each group of Authentik, both by name; the ClusterRoles are there already."""

    cluster_roles: Mapping[str, str]


class GroupRoles(pulumi.ComponentResource):
    """Creates for each group `<name>-<group>`: ClusterRoleBinding `authentik-<group>`."""

    def __init__(self, name: str, args: GroupRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/group_roles:GroupRoles", name, None, opts)
        for group, role in args.cluster_roles.items():
            k8s.rbac.v1.ClusterRoleBinding(
                f"{name}-{group}",
                metadata={"name": f"authentik-{group}"},
                role_ref=role_reference("ClusterRole", role),
                subjects=[
                    {"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": f"{PREFIX}{group}"},
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
