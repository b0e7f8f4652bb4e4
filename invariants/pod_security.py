"""Pod Security: the checks of the Pod Security Standards that a pod template can violate.

The rules and their wording follow https://kubernetes.io/docs/concepts/security/pod-security-standards/ (v1.25 and
later: the policy for Linux pods).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from invariants.objects import containers

LABEL: Final = "pod-security.kubernetes.io/enforce"

_BASELINE_CAPABILITIES: Final = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
_SAFE_SYSCTLS: Final = frozenset(
    {
        *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"),
        *("net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"),
        *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
        *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
    }
)
_RESTRICTED_VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)


def violations(spec: Mapping[str, Any], level: str) -> list[str]:
    """Everything about a pod that the level forbids; empty when it is admitted."""
    if level == "privileged":
        return []
    found = list(_baseline(spec))
    return found + list(_restricted(spec)) if level == "restricted" else found


def _security(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item.get("securityContext") or {}


def _baseline(spec: Mapping[str, Any]) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield f"host namespaces ({field}=true)"
    for volume in spec.get("volumes") or []:
        if "hostPath" in volume:
            yield f'hostPath volumes (volume "{volume["name"]}")'
    for sysctl in _security(spec).get("sysctls") or []:
        if sysctl["name"] not in _SAFE_SYSCTLS:
            yield f"forbidden sysctls ({sysctl['name']})"
    for item in (spec, *containers(spec)):
        if (_security(item).get("seccompProfile") or {}).get("type") == "Unconfined":
            yield f"seccompProfile ({item.get('name', 'pod')} must not set it to Unconfined)"
    for container in containers(spec):
        yield from _baseline_container(container)


def _baseline_container(container: Mapping[str, Any]) -> Iterator[str]:
    name, security = container["name"], _security(container)
    if security.get("privileged"):
        yield f'privileged (container "{name}" must not set securityContext.privileged=true)'
    added = set((security.get("capabilities") or {}).get("add") or []) - _BASELINE_CAPABILITIES
    if added:
        yield f'non-default capabilities (container "{name}" must not include {sorted(added)})'
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield f'hostPort (container "{name}" uses a hostPort)'
    if security.get("procMount", "Default") != "Default":
        yield f'procMount (container "{name}" must not set securityContext.procMount)'


def _restricted(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in spec.get("volumes") or []:
        kinds = set(volume) - {"name"}
        if not kinds <= _RESTRICTED_VOLUMES:
            yield f'restricted volume types (volume "{volume["name"]}" uses {sorted(kinds)})'
    pod = _security(spec)
    # Also where every container says better (k8s.io/pod-security-admission, policy/check_runAsNonRoot.go).
    if pod.get("runAsNonRoot") is False:
        yield "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"
    if pod.get("runAsUser") == 0:
        yield "runAsUser=0 (pod must not set runAsUser=0)"
    for container in containers(spec):
        name, security = container["name"], _security(container)
        if security.get("allowPrivilegeEscalation") is not False:
            yield f'allowPrivilegeEscalation != false (container "{name}")'
        capabilities = security.get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or []):
            yield f'unrestricted capabilities (container "{name}" must set securityContext.capabilities.drop=["ALL"])'
        if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
            yield f'unrestricted capabilities (container "{name}" may add only NET_BIND_SERVICE)'
        if security.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
            yield f'runAsNonRoot != true (pod or container "{name}" must set securityContext.runAsNonRoot=true)'
        if security.get("runAsUser") == 0:
            yield f'runAsUser=0 (container "{name}" must not set runAsUser=0)'
        profile = (security.get("seccompProfile") or pod.get("seccompProfile") or {}).get("type")
        if profile not in ("RuntimeDefault", "Localhost"):
            yield f'seccompProfile (pod or container "{name}" must set it to RuntimeDefault or Localhost)'
