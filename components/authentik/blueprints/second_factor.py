"""A second factor for administrators and the members of some groups, in every flow that ends in a session.

The packaged flow asks for one only from people who set one up. This stage comes after it and has the others set one up
(`not_configured_action: configure`). Stages and policies: `authentik/stages/authenticator_validate/stage.py`; what a
policy of a stage sees: `authentik/flows/markers.py`, ReevaluateMarker. The break-glass account is asked for none: it is
for the day on which devices are lost (docs/runbooks/lost-admin.md).
"""

from collections.abc import Collection

from components.authentik.blueprints import recovery
from components.authentik.blueprints.administrator import USERNAME as BREAK_GLASS
from components.authentik.blueprints.document import Entry, Find, KeyOf
from settings.identity import SecondFactor

_NAME = "home-cluster-second-factor"
_STAGE, _POLICY = "authentik_stages_authenticator_validate.authenticatorvalidatestage", "second-factor-policy"
_EXPRESSION_POLICY = "authentik_policies_expression.expressionpolicy"
_SETUP = {
    "webauthn": Find(
        "authentik_stages_authenticator_webauthn.authenticatorwebauthnstage",
        "name",
        "default-authenticator-webauthn-setup",
    ),
    "totp": Find(
        "authentik_stages_authenticator_totp.authenticatortotpstage", "name", "default-authenticator-totp-setup"
    ),
}
_DEVICES = {"webauthn": "WebAuthnDevice", "totp": "TOTPDevice", "static": "StaticDevice"}
LOGIN_FLOW = Find("authentik_flows.flow", "slug", "default-authentication-flow")
"""The packaged flow: 10 who, 20 password, 30 the factor of who has one, 100 session."""
_LOGIN_ORDER = 40


def entries(factor: SecondFactor, groups: Collection[str]) -> tuple[Entry, ...]:
    """The stage in both flows; where nobody needs one the removal of it. They follow the entries of the recovery flow.

    `groups` are those whose members need one (`Settings.second_factor_groups`).
    """
    if not groups and factor.administrators == "optional":
        return (
            Entry(model=_STAGE, identifiers={"name": _NAME}, absent=True),
            Entry(model=_EXPRESSION_POLICY, identifiers={"name": _NAME}, absent=True),
        )
    return (_stage(factor), _policy(factor, groups), *_bound("login"), *_bound("recovery"))


def _stage(factor: SecondFactor) -> Entry:
    return Entry(
        model=_STAGE,
        key="second-factor",
        identifiers={"name": _NAME},
        attrs={
            "not_configured_action": "configure",
            # Recovery codes (static) are accepted from who made some, but cannot be the only factor.
            "device_classes": [*factor.methods, "static"],
            "configuration_stages": [_SETUP[method] for method in factor.methods],
            "last_auth_threshold": "seconds=0",
            "webauthn_user_verification": "preferred",
        },
    )


def _policy(factor: SecondFactor, groups: Collection[str]) -> Entry:
    """Whether the stage runs: for those who need a factor and did not prove an accepted one earlier in the same flow.

    An error must not skip the stage: see `failure_result` of the bindings.
    """
    devices = [_DEVICES[method] for method in (*factor.methods, "static")]
    administrators = "if request.user.is_superuser:\n    return True\n" if factor.administrators == "required" else ""
    expression = (
        f"groups = {sorted(groups)!r}\n"
        f"accepted = {devices!r}\n"
        f'if request.user.username == "{BREAK_GLASS}":\n'
        "    return False\n"
        'proven = context.get("auth_method_args", {}).get("mfa_devices", [])\n'
        "if any(device.__class__.__name__ in accepted for device in proven):\n"
        "    return False\n"
        f"{administrators}"
        "return any(ak_is_group_member(request.user, name=group) for group in groups)\n"
    )
    return Entry(model=_EXPRESSION_POLICY, key=_POLICY, identifiers={"name": _NAME}, attrs={"expression": expression})


def _bound(flow: str) -> tuple[Entry, ...]:
    """The stage in a flow, and the policy on it."""
    target, order = (LOGIN_FLOW, _LOGIN_ORDER) if flow == "login" else (KeyOf(recovery.FLOW), recovery.FACTOR_ORDER)
    binding = f"second-factor-at-{flow}"
    return (
        Entry(
            model="authentik_flows.flowstagebinding",
            key=binding,
            identifiers={"target": target, "stage": KeyOf("second-factor"), "order": order},
            # Nobody is known yet when the flow is planned; the person is once the stage comes up.
            attrs={"evaluate_on_plan": False, "re_evaluate_policies": True},
        ),
        Entry(
            model="authentik_policies.policybinding",
            identifiers={"target": KeyOf(binding), "order": 0},
            attrs={"policy": KeyOf(_POLICY), "enabled": True, "negate": False, "failure_result": True},
        ),
    )
