"""No object has two writers: each thing in the world is owned by exactly one resource of the program."""

import json

from lab.providers.kubernetes.charts import CHARTS, full_name
from tests.support.engine import Recording
from tests.support.objects import key_of, namespace_of, objects, of_kind, releases

_POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"


def test_what_others_wrote_into_an_object_does_not_fail_its_next_update(program: Recording) -> None:
    provider = program.one("pulumi:providers:kubernetes")
    assert str(provider.get("enablePatchForce")).lower() == "true", "docs/adr/0047-what-is-declared-is-taken-back.md"
    for kind in ("Secret", "ConfigMap"):
        mutable = provider.get(f"enable{kind}Mutable")
        assert str(mutable).lower() == "true", f"a changed {kind} would be made anew, while pods have it mounted"


def test_no_object_of_the_program_is_also_one_of_a_chart(program: Recording) -> None:
    own = {key_of(one) for one in objects(program)}
    clashes = []
    for one in releases(program):
        chart = one.get("chart").rsplit("/", maxsplit=1)[-1]
        fullname = full_name(chart, one.get("name"), one.get("values"))
        for kind, names in (("Service", CHARTS[chart].services), ("ServiceAccount", CHARTS[chart].accounts)):
            for template in names:
                name = template.format(fullname=fullname, release=one.get("name"))
                clashes += [
                    key for key in own if (key.kind, key.namespace, key.name) == (kind, namespace_of(one), name)
                ]
    assert clashes == [], "Helm refuses to adopt what Pulumi created"


def test_flux_is_kept_out_of_every_namespace_of_the_program_but_its_own(program: Recording) -> None:
    policy = program.one(_POLICY).get("spec")
    closed = set(json.loads(policy["variables"][0]["expression"]))
    # Where applications of the stack file run, people bring the workloads.
    open_to_all = {
        "flux-system",
        *(namespace_of(one) for one in program.named("credentials-*") if "spec" in one.inputs),
    }
    made = {key_of(one).name for one in of_kind(program, "Namespace")}
    assert made - open_to_all <= closed, "a Deployment there could mount its Secrets"
    assert closed & open_to_all == set(), "but people's own are theirs"
    assert program.is_after(
        program.one("kubernetes:fluxcd.controlplane.io/v1:FluxInstance"), program.one(f"{_POLICY}Binding")
    ), "before anything is applied"


def test_vault_is_initialised_once(update: Recording) -> None:
    assert len(update.named("vault-init-job")) == 1, "one Job initialises Vault"
