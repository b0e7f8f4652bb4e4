"""Whose objects a destroy would take along, and which it would leave with nobody to remove them."""

from typing import Any

from tools.foreign import abandoned, strangers

HELM = "meta.helm.sh/release-"


def resource(kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
    return {"urn": name, "type": kind, "outputs": {"metadata": {"name": name, "namespace": namespace}}}


STATE = {
    "deployment": {
        "resources": [
            resource("kubernetes:core/v1:Namespace", "gitea"),
            resource("kubernetes:core/v1:ConfigMap", "settings", "gitea"),
            resource("kubernetes:postgresql.cnpg.io/v1:Database", "gitea", "databases"),
            {
                "urn": "r",
                "type": "kubernetes:helm.sh/v3:Release",
                "outputs": {"name": "cnpg", "namespace": "cnpg-system"},
            },
        ]
    }
}


class There(dict[str, Any]):
    """An API server with these lists, by path; the others are empty."""

    def get(self, path: str) -> Any:  # type: ignore[override]
        return {"items": [{"metadata": one} if "metadata" not in one else one for one in super().get(path, ())]}


def by(manager: str) -> list[dict[str, str]]:
    return [{"manager": manager, "operation": "Update"}]


def released(name: str, namespace: str) -> dict[str, str]:
    return {f"{HELM}name": name, f"{HELM}namespace": namespace}


def test_objects_of_others_in_the_programs_namespaces_are_named_with_who_made_them() -> None:
    flux = {f"kustomize.toolkit.fluxcd.io/{key}": value for key, value in (("name", "apps"), ("namespace", "tenants"))}
    there = There(
        {
            "/apis/apps/v1/deployments": [
                {"name": "blog", "namespace": "gitea", "managedFields": by("kubectl-client-side-apply")},
                {"name": "blog", "namespace": "elsewhere", "managedFields": by("kubectl-create")},
                {"name": "shop", "namespace": "gitea", "labels": flux},
                {"name": "mail", "namespace": "gitea", "annotations": released("mail", "gitea")},
                {"name": "operator", "namespace": "gitea", "annotations": released("cnpg", "cnpg-system")},
                {"name": "runner", "namespace": "gitea", "managedFields": by("manager")},
            ],
            "/api/v1/configmaps": [
                {"name": "settings", "namespace": "gitea", "managedFields": by("kubectl-edit")},
                {"name": "owned", "namespace": "gitea", "managedFields": by("kubectl-edit"), "ownerReferences": [{}]},
            ],
        }
    )
    assert list(strangers(there, STATE)) == [
        "Deployment gitea/blog, made by kubectl-client-side-apply",
        "Deployment gitea/shop, made by Flux by tenants/apps",
        "Deployment gitea/mail, made by release mail of Helm",
    ], "and neither what lies elsewhere nor what is the program's, a chart's or an operator's"


def definition(kind: str, plural: str, release: dict[str, str]) -> dict[str, Any]:
    versions = [{"name": "v1alpha1", "served": False}, {"name": "v1", "served": True}]
    spec = {"group": "postgresql.cnpg.io", "names": {"kind": kind, "plural": plural}, "versions": versions}
    return {"metadata": {"name": f"{plural}.postgresql.cnpg.io", "annotations": release}, "spec": spec}


def test_what_only_an_operator_of_the_program_can_remove_is_named() -> None:
    held = {"namespace": "databases", "finalizers": ["cnpg.io/deleteDatabase"]}
    there = There(
        {
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": [
                definition("Database", "databases", released("cnpg", "cnpg-system")),
                definition("Publication", "publications", released("other", "cnpg-system")),
            ],
            "/apis/postgresql.cnpg.io/v1/databases": [
                {"name": "gitea", **held},
                {"name": "blog", **held},
                {"name": "free", "namespace": "databases"},
                {"name": "owned", **held, "ownerReferences": [{}]},
            ],
            "/apis/postgresql.cnpg.io/v1/publications": [{"name": "theirs", **held}],
        }
    )
    assert list(abandoned(there, STATE)) == ["Database databases/blog with the finalizer cnpg.io/deleteDatabase"]
