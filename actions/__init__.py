"""What a flow's `call` runs: one file a subject; `registry` names every action and gives it the services it needs."""

from collections.abc import Mapping

from actions import cases as case_actions
from actions import checkins as check_in_actions
from actions import consents as consent_actions
from actions import joining as joining_actions
from actions import languages, people
from actions import places as place_actions
from actions import privacy as privacy_actions
from bot.i18n import Catalogs
from bot.services.cases import CaseDesk
from bot.services.checkins import CheckInDesk
from bot.services.places import PlaceDirectory
from bot.services.ports import ActionSpec
from bot.services.privacy import Privacy, Retention


def registry(
    *,
    cases: CaseDesk,
    places: PlaceDirectory,
    privacy: Privacy,
    check_ins: CheckInDesk,
    catalogs: Catalogs,
    retention: Retention,
    given: Mapping[str, str],
) -> Mapping[str, ActionSpec]:
    """Every action by the name that flows call it by; `given` are the deployment's own facts, as texts have them."""
    return {
        "find_places": place_actions.find_places(places=places),
        "open_case": case_actions.open_case(cases=cases),
        "case_status": case_actions.case_status(cases=cases, catalogs=catalogs),
        "set_language": languages.set_language(offered=catalogs.languages),
        "opt_out": privacy_actions.opt_out(privacy=privacy),
        "opt_in": privacy_actions.opt_in(privacy=privacy),
        "erase_me": privacy_actions.erase_me(privacy=privacy),
        "what_you_know": privacy_actions.what_you_know(privacy=privacy, catalogs=catalogs, retention=retention),
        "record_check_in": check_in_actions.record_check_in(check_ins=check_ins),
        "ask_safety": check_in_actions.ask_safety(check_ins=check_ins, organisation=given["organisation"]),
        "vouch": check_in_actions.vouch(check_ins=check_ins),
        "record_consent": consent_actions.record_consent(ids=cases.ids),
        "consents_given": consent_actions.consents_given(catalogs=catalogs),
        "take_back_consent": consent_actions.take_back_consent(ids=cases.ids),
        "join_site": joining_actions.join_site(),
        "employer_of": joining_actions.employer_of(),
        "leave_site": joining_actions.leave_site(),
        "contact_facts": people.contact_facts(given=given),
    }
