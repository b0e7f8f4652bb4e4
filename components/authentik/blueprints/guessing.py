"""A limit to guessing passwords: whose name has failed too often is let no further for a while.

Authentik keeps a score of each pair of name and address: a wrong password, code or name lowers it, a login raises it,
within -5 and 5 (`authentik/policies/reputation/signals.py`). The sum over a name decides here, and no address: behind
the ingress every client may have that of a node. What counts is the user name, also of who logs in by e-mail address
(`authentik/stages/identification/stage.py`), and names that nobody has are treated alike.

Who is refused is asked for no password, so nothing is counted meanwhile, and a score ends `LOCKED_SECONDS` after its
first entry: nobody is locked out for good, and a recovery link works all the while. Sessions go on. The break-glass
account is excepted: its password is random, and a guesser must not keep it out.
"""

from components.authentik.blueprints.administrator import USERNAME as BREAK_GLASS
from components.authentik.blueprints.document import Entry, KeyOf
from components.authentik.blueprints.second_factor import LOGIN_FLOW

LOCKED_SECONDS = 3600
"""Life of a score (`reputation.expiry`). Authentik deletes it within five minutes of its end, and what fails in those
minutes does not count; so a much shorter life would leave more time to guess in.
"""
THRESHOLD = -5
"""Score at which it is enough, also Authentik's lowest: five wrong answers, up to ten after as many logins."""
_NAME = "home-cluster-guessing"
_SCORE, _OTHERS, _STAGE, _BINDING = "guessing-score", "guessing-others", "guessing-denied", "guessing-at-login"
_ORDER = 15  # between the name and the password


def entries() -> tuple[Entry, ...]:
    """The stage that refuses, in the login flow, and the two policies that decide whether it runs."""
    return (
        Entry(
            model="authentik_policies_reputation.reputationpolicy",
            key=_SCORE,
            identifiers={"name": _NAME},
            attrs={"check_ip": False, "check_username": True, "threshold": THRESHOLD},
        ),
        Entry(
            model="authentik_policies_expression.expressionpolicy",
            key=_OTHERS,
            identifiers={"name": f"{_NAME}-not-{BREAK_GLASS}"},
            attrs={"expression": f'return request.user.username != "{BREAK_GLASS}"\n'},
        ),
        Entry(
            model="authentik_stages_deny.denystage",
            key=_STAGE,
            identifiers={"name": _NAME},
            attrs={
                "deny_message": "Too many wrong answers for this name. It is free again within "
                f"{LOCKED_SECONDS // 60} minutes; an administrator has a link that works at once.",
            },
        ),
        Entry(
            model="authentik_flows.flowstagebinding",
            key=_BINDING,
            identifiers={"target": LOGIN_FLOW, "stage": KeyOf(_STAGE), "order": _ORDER},
            # Nobody is known yet when the flow is planned; the name is once the stage comes up.
            attrs={"evaluate_on_plan": False, "re_evaluate_policies": True, "policy_engine_mode": "all"},
        ),
        *(
            Entry(
                model="authentik_policies.policybinding",
                identifiers={"target": KeyOf(_BINDING), "order": order},
                # A policy that fails must not keep everybody out.
                attrs={"policy": KeyOf(policy), "enabled": True, "negate": False, "failure_result": False},
            )
            for order, policy in enumerate((_SCORE, _OTHERS))
        ),
    )
