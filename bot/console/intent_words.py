"""Owns the words for intents: what a message can mean, and how sure that was."""

from typing import Final

from bot.console.words import N_

# In the order of the contract between training data and flows: the most urgent first.
INTENTS: Final = {
    "in_danger": N_("In danger now"),
    "medical_help": N_("Medical help"),
    "mental_distress": N_("Distress"),
    "missing_person": N_("Looks for somebody"),
    "report_safe": N_("Is safe"),
    "evacuation_help": N_("How to get out"),
    "shelter": N_("A place to sleep"),
    "food_water": N_("Food, water, basics"),
    "situation_info": N_("What is going on"),
    "consular_help": N_("Embassy or consulate"),
    "documents_lost": N_("Papers lost"),
    "documents_withheld": N_("Papers kept by somebody"),
    "return_home": N_("Wants to go home"),
    "visa_status": N_("Visa or permit"),
    "forced_labour": N_("Forced labour"),
    "abuse": N_("Abuse"),
    "unpaid_wages": N_("Wages not paid"),
    "recruitment_fees": N_("Fees for the job"),
    "dismissal": N_("Dismissal"),
    "find_job": N_("Looks for work"),
    "case_status": N_("How a case is going"),
    "talk_to_human": N_("Wants a person"),
    "menu": N_("What this service can do"),
    "change_language": N_("Another language"),
    "stop": N_("No more messages"),
    "delete_data": N_("Privacy, delete my data"),
    "greet": N_("Greeting"),
    "thanks": N_("Thanks"),
    "affirm": N_("Yes"),
    "deny": N_("No"),
    "out_of_scope": N_("Something else"),
}
