"""Jobs run to completion once their pod can start; what a Job does to the world is decided by its behaviours.

A behaviour recognises a container (by image and command) and returns what running it comes to. A container that none
recognises fails: nobody knows what it would have done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lab.providers.kubernetes import pods
from lab.providers.kubernetes.cluster import WRITTEN, Cluster
from lab.providers.kubernetes.workloads import pod_reasons
from lab.site import Controller, Site


@dataclass(frozen=True)
class Container:
    """One container of a Job as it runs: its spec and the variables it sees."""

    namespace: str
    job: str
    account: str
    spec: Mapping[str, Any]
    pod: Mapping[str, Any]
    env: Mapping[str, str]

    def files(self, cluster: Cluster) -> dict[str, str]:
        """Path -> content of the files mounted into the container."""
        volumes = {item["name"]: item for item in self.pod.get("volumes") or []}
        return pods.mounted_files(cluster, self.namespace, volumes, self.spec.get("volumeMounts") or [])

    @property
    def words(self) -> list[str]:
        """Command and arguments."""
        return [*(self.spec.get("command") or []), *(self.spec.get("args") or [])]


@dataclass(frozen=True)
class Outcome:
    """How running a container ended: `waiting` is why it has not ended yet, `failed` why it never will."""

    waiting: str = ""
    failed: str = ""


DONE: Final = Outcome()
_BACKOFF_LIMIT: Final = 6  # what the API server fills in

Behaviour = Callable[[Cluster, Container], Outcome | None]


def controller(behaviours: Sequence[Behaviour]) -> Controller:
    """The Job controller; the first behaviour that knows a container decides what running it does."""
    return lambda site: _run_jobs(site, behaviours)


def run_now(site: Site, namespace: str, name: str) -> Mapping[str, Any]:
    """What `kubectl create job --from=cronjob/<name>` comes to: the status of that Job. The lab follows no schedule."""
    cluster = Cluster(site)
    schedule = cluster.get("batch/CronJob", namespace, name)
    if schedule is None:
        raise LookupError(f'cronjobs.batch "{name}" not found')
    template = schedule["spec"]["jobTemplate"]
    number = len(list(cluster.each("batch/Job", namespace)))
    metadata = {**template.get("metadata", {}), "name": f"{name}-{number}", "namespace": namespace}
    cluster.apply_owned(schedule, {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, **template})
    site.settle()
    made = cluster.get("batch/Job", namespace, metadata["name"]) or {}
    status: Mapping[str, Any] = made.get("status", {})
    return status


def _run_jobs(site: Site, behaviours: Sequence[Behaviour]) -> None:
    cluster = Cluster(site)
    for job in cluster.each("batch/Job"):
        status = job.get("status") or {}
        if status.get("succeeded") or status.get("failed"):
            continue
        ended = outcome(cluster, job, behaviours)
        if ended.failed:
            pods_run = int(job["spec"].get("backoffLimit", _BACKOFF_LIMIT)) + 1
            last = "[BackoffLimitExceeded] Job has reached the specified backoff limit"
            told = [*_last_words(job, ended.failed, pods_run), last]
            cluster.set_status(job, {"failed": pods_run, "messages": told, "conditions": [_condition("Failed", last)]})
        elif ended.waiting:
            cluster.set_status(job, {"active": 1, "messages": [ended.waiting]})
        else:
            cluster.set_status(job, {"succeeded": 1, "conditions": [_condition("Complete", "")]})
            name = f"Job {job['metadata']['namespace']}/{job['metadata']['name']}"
            site.world.put(WRITTEN, name, {"second": site.clock.now})


def _last_words(job: Mapping[str, Any], reason: str, pods_run: int) -> list[str]:
    """What the provider says of each pod: why its container ended, where its policy lets the kubelet know
    (pulumi-kubernetes, provider/pkg/await/checker/pod/check.go).
    """
    name = f"{job['metadata']['namespace']}/{job['metadata']['name']}"
    container = pods.pod_template(job)["spec"]["containers"][0]
    known = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
    ended = f"[Error] {reason}" if known else f'container "{container["name"]}" completed with exit code 1'
    return [f"[Pod {name}-{number}]: {ended}" for number in range(pods_run)]


def _condition(kind: str, message: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "message": message}


def outcome(cluster: Cluster, job: Mapping[str, Any], behaviours: Sequence[Behaviour]) -> Outcome:
    """What running the pod of a Job comes to now."""
    metadata = job["metadata"]
    fault = cluster.site.faults.find("fail", ("Job",), (metadata["name"],))
    if fault:
        return Outcome(failed=fault)
    reasons = pod_reasons(cluster, job)
    if reasons:
        return Outcome(waiting="; ".join(reasons))
    spec = pods.pod_template(job)["spec"]
    for container in pods.containers(spec):
        env = pods.environment(cluster, metadata["namespace"], container)
        account = spec.get("serviceAccountName", "default")
        running = Container(metadata["namespace"], metadata["name"], account, container, spec, env)
        ended = _run(cluster, running, behaviours)
        if ended != DONE:
            return ended
    return DONE


def _run(cluster: Cluster, container: Container, behaviours: Sequence[Behaviour]) -> Outcome:
    for behaviour in behaviours:
        ended = behaviour(cluster, container)
        if ended is not None:
            return ended
    what = " ".join((str(container.spec.get("image", "")), *container.words))
    return Outcome(failed=f"container {container.spec['name']}: the lab does not know what this does: {what:.200}")
