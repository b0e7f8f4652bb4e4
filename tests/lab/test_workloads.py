"""Workloads become ready only when everything they need is there."""

import pytest

from lab.faults import Faults
from lab.providers.errors import InitFailedError
from tests.lab.bench import Bench, container, job, pod, refusal, refuses

SECRET_ENV = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "password"}}}


def deployment(template: dict[str, object]) -> dict[str, object]:
    labels = {"app": "web"}
    spec = template["spec"]
    assert isinstance(spec, dict), "a pod template has a spec"
    spec.pop("restartPolicy", None)
    return {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, **template}}


def secret(kube: Bench, name: str = "creds", **data: str) -> None:
    kube.object("v1", "Secret", name, "shop", stringData=data or {"password": "x"})


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (pod(container(env=[SECRET_ENV])), 'secret "creds" not found'),
        (pod(container(envFrom=[{"secretRef": {"name": "creds"}}])), 'secret "creds" not found'),
        (pod(container(envFrom=[{"configMapRef": {"name": "creds"}}])), 'configmap "creds" not found'),
        (pod(container(), volumes=[{"name": "v", "secret": {"secretName": "creds"}}]), 'secret "creds" not found'),
        (pod(container(), volumes=[{"name": "v", "configMap": {"name": "creds"}}]), 'configmap "creds" not found'),
        (pod(container(), imagePullSecrets=[{"name": "creds"}]), 'secret "creds" not found'),
        (pod(container(), serviceAccountName="web"), 'serviceaccount "web" not found'),
        (
            pod(container(), volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]),
            'persistentvolumeclaim "data" not found',
        ),
    ],
)
def test_a_deployment_waits_for_what_its_pods_refer_to(kube: Bench, template: dict[str, object], reason: str) -> None:
    with pytest.raises(InitFailedError) as error:
        kube.object("apps/v1", "Deployment", "web", "shop", spec=deployment(template))
    assert reason in refusal(error), "the message names what is missing"


def test_a_deployment_is_ready_when_its_secret_has_the_key(kube: Bench) -> None:
    secret(kube, password="x")
    result = kube.object("apps/v1", "Deployment", "web", "shop", spec=deployment(pod(container(env=[SECRET_ENV]))))
    assert result.identifier == "shop/web", "nothing is missing"


def test_a_secret_without_the_key_is_not_enough(kube: Bench) -> None:
    secret(kube, user="x")
    with refuses("couldn't find key password in Secret shop/creds", InitFailedError):
        kube.object("batch/v1", "Job", "once", "shop", spec=job(pod(container(env=[SECRET_ENV]))))


def test_an_optional_reference_may_be_missing(kube: Bench) -> None:
    volumes = [{"name": "v", "configMap": {"name": "later", "optional": True}}]
    kube.object("batch/v1", "Job", "once", "shop", spec=job(pod(container(), volumes=volumes)))
    done = kube.cluster.look("batch/Job", "shop", "once")
    assert done is not None, "it was created"
    assert done["status"]["succeeded"] == 1, "an optional volume does not hold a pod back"


def test_no_pod_runs_before_a_network_plugin_does(bench: Bench) -> None:
    bench.with_kubernetes(network=False)
    bench.namespace("shop")
    with refuses("container runtime network not ready", InitFailedError):
        bench.object("batch/v1", "Job", "early", "shop", spec=job(pod(container())))
    bench.release("cilium", "kube-system")
    bench.object("batch/v1", "Job", "late", "shop", spec=job(pod(container())))
    late = bench.cluster.look("batch/Job", "shop", "late")
    assert late is not None, "it was created"
    assert late["status"]["succeeded"] == 1, "Cilium brings the network"


def test_a_claim_needs_a_storage_class_and_its_driver(kube: Bench) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}
    with refuses('"fast" not found', InitFailedError):
        kube.object("v1", "PersistentVolumeClaim", "data", "shop", spec=spec)
    kube.namespace("csi-proxmox")
    values = {"storageClass": [{"name": "slow"}]}
    kube.release("proxmox-csi-plugin", "csi-proxmox", values)
    result = kube.object("v1", "PersistentVolumeClaim", "other", "shop", spec={**spec, "storageClassName": "slow"})
    assert result.identifier == "shop/other", "the chart's class serves it"


def test_a_pod_that_breaks_the_namespaces_level_never_runs(kube: Bench) -> None:
    kube.namespace("tight", "restricted")
    with refuses('violates PodSecurity "restricted:latest": .*runAsNonRoot', InitFailedError):
        kube.object("batch/v1", "Job", "loose", "tight", spec=job(pod(container())))
    with refuses("runAsNonRoot != true .pod must not set", InitFailedError):
        strict = container(securityContext={"runAsNonRoot": True})
        kube.object("batch/v1", "Job", "root", "tight", spec=job(pod(strict, securityContext={"runAsNonRoot": False})))
    kube.namespace("base", "baseline")
    with refuses('violates PodSecurity "baseline:latest": .*hostPath', InitFailedError):
        volumes = [{"name": "host", "hostPath": {"path": "/"}}]
        kube.object("batch/v1", "Job", "host", "base", spec=job(pod(container(), volumes=volumes)))


def test_a_restricted_pod_runs_in_a_restricted_namespace(kube: Bench) -> None:
    kube.namespace("tight", "restricted")
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    template = pod(
        container(securityContext=security),
        securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    )
    kube.object("batch/v1", "Job", "good", "tight", spec=job(template))
    done = kube.cluster.look("batch/Job", "tight", "good")
    assert done is not None, "it was created"
    assert done["status"]["succeeded"] == 1, "it breaks no rule"


def test_a_pod_of_its_own_is_refused_at_once(kube: Bench) -> None:
    kube.namespace("tight", "restricted")
    with refuses('pods "bare" is forbidden'):
        kube.object("v1", "Pod", "bare", "tight", spec={"containers": [container()]})


def test_a_failed_job_tells_what_the_provider_can_know_of_each_pod(kube: Bench) -> None:
    Faults(kube.world).stage("Job", "*", "fail", "Vault is sealed")
    silent = {**job(pod(container(terminationMessagePolicy="File"))), "backoffLimit": 1}
    with refuses("completed with exit code 1.*completed with exit code 1.*BackoffLimitExceeded", InitFailedError):
        kube.object("batch/v1", "Job", "silent", "default", spec=silent)
    telling = job(pod(container()))
    with refuses(r"Pod default/telling-0\]: \[Error\] Vault is sealed; \[BackoffLimitExceeded", InitFailedError):
        kube.object("batch/v1", "Job", "telling", "default", spec={**telling, "backoffLimit": 0})


def test_a_job_that_is_staged_to_fail_fails_and_is_replaced_next_time(kube: Bench) -> None:
    Faults(kube.world).stage("Job", "once", "fail", "exit code 1")
    replace = {"annotations": {"pulumi.com/replaceUnready": "true"}}
    with refuses("failed to initialize.*exit code 1", InitFailedError):
        kube.object("batch/v1", "Job", "once", "shop", spec=job(pod(container())), metadata=replace)
    inputs = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "shop", **replace},
        "spec": job(pod(container())),
    }
    assert kube.diff("kubernetes:batch/v1:Job", inputs, inputs).replaces, "replaceUnready runs a failed Job again"


def test_a_job_of_a_chain_is_taken_at_the_word_of_the_stack_file_once_what_it_names_is_there(kube: Bench) -> None:
    trains = container(command=["python3", "/train.py"], env=[{"name": "STORE", "value": "http://store.shop.svc"}])
    unknown = {**job(pod(trains)), "backoffLimit": 0}
    with refuses("the lab knows the scripts of scripts/ and no other", InitFailedError):
        kube.object("batch/v1", "Job", "platform", "shop", spec=unknown)
    kube.world.put("site", "site", {"chains": ["shop"]})
    with refuses("could not translate host name 'store.shop.svc'", InitFailedError):
        kube.object("batch/v1", "Job", "early", "shop", spec=unknown)
    kube.object("v1", "Service", "store", "shop", spec={"ports": [{"port": 80}]})
    kube.object("batch/v1", "Job", "train", "shop", spec=unknown)
    done = kube.cluster.look("batch/Job", "shop", "train")
    assert done is not None, "it was created"
    assert done["status"]["succeeded"] == 1, "without anybody knowing what it did"
