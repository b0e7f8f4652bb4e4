"""The flow behind a recovery link: how a person gets the first password, and the next after losing one.

An administrator makes the link (`POST /api/v3/core/users/<pk>/recovery/`, or "Create recovery link" in the user list).
It works only while the brand names a recovery flow, and the packaged brand names none.
"""

from components.authentik.blueprints.document import Entry, Find, KeyOf

SLUG = "home-cluster-recovery"
BRAND = "authentik-default"
"""Domain of the packaged brand."""
FLOW = "recovery-flow"
"""Key of the flow's entry."""
FACTOR_ORDER = 25
"""Place in the flow for a second factor: after the password, before the session."""
_POLICY, _BRAND = "recovery-password-policy", "authentik_brands.brand"


def entries() -> tuple[Entry, ...]:
    """Flow, password rule, prompt, write, login, and the brand that names the flow."""
    return (_flow(), _password_policy(), *_prompts(), *_stages(), *_bindings(), _brand())


def _flow() -> Entry:
    return Entry(
        model="authentik_flows.flow",
        key=FLOW,
        # Without the packaged brand this entry is skipped, so that every `!KeyOf` below fails and all is rolled back
        # until the brand is there. An own brand of that name would stop the packaged blueprint for good.
        conditions=[Find(_BRAND, "domain", BRAND)],
        identifiers={"slug": SLUG},
        attrs={
            "name": "Recovery by link",
            "title": "Choose your password",
            "designation": "recovery",
            # Not `require_unauthenticated`: several releases checked it against the administrator who asks for the
            # link (goauthentik/authentik#12445). Whoever comes without a link has no pending user to write to.
            "authentication": "none",
        },
    )


def _password_policy() -> Entry:
    return Entry(
        model="authentik_policies_password.passwordpolicy",
        key=_POLICY,
        identifiers={"name": "home-cluster-password"},
        attrs={
            "password_field": "password",
            "check_static_rules": True,
            "length_min": 12,
            "error_message": "The password needs at least 12 characters.",
            "check_zxcvbn": True,
            "zxcvbn_score_threshold": 2,
            "check_have_i_been_pwned": False,  # asks a service on the Internet
        },
    )


def _prompts() -> tuple[Entry, ...]:
    fields = (("password", "Password"), ("password_repeat", "Password (repeat)"))
    return tuple(
        Entry(
            model="authentik_stages_prompt.prompt",
            key=f"recovery-{key}",
            identifiers={"name": f"home-cluster-recovery-{key}"},
            attrs={"field_key": key, "label": label, "type": "password", "required": True, "order": order},
        )
        for order, (key, label) in enumerate(fields)
    )


def _stages() -> tuple[Entry, ...]:
    return (
        Entry(
            model="authentik_stages_prompt.promptstage",
            key="recovery-prompt",
            identifiers={"name": "home-cluster-recovery-prompt"},
            attrs={
                "fields": [KeyOf("recovery-password"), KeyOf("recovery-password_repeat")],
                "validation_policies": [KeyOf(_POLICY)],
            },
        ),
        Entry(
            model="authentik_stages_user_write.userwritestage",
            key="recovery-write",
            identifiers={"name": "home-cluster-recovery-write"},
            attrs={"user_creation_mode": "never_create"},
        ),
        Entry(
            model="authentik_stages_user_login.userloginstage",
            key="recovery-login",
            identifiers={"name": "home-cluster-recovery-login"},
            attrs={"terminate_other_sessions": True},
        ),
    )


def _bindings() -> tuple[Entry, ...]:
    return tuple(
        Entry(
            model="authentik_flows.flowstagebinding",
            identifiers={"target": KeyOf(FLOW), "stage": KeyOf(stage), "order": order},
        )
        for order, stage in ((10, "recovery-prompt"), (20, "recovery-write"), (30, "recovery-login"))
    )


def _brand() -> Entry:
    return Entry(model=_BRAND, identifiers={"domain": BRAND}, attrs={"flow_recovery": KeyOf(FLOW)})
