"""Owns the words for sectors of work: shorter than ISIC's own titles, and as wide."""

from typing import Final

from bot.console.words import N_
from bot.domain.employer import Sector

SECTORS: Final = {
    Sector.AGRICULTURE: N_("Farming, forestry and fishing"),
    Sector.MINING: N_("Mining and quarrying"),
    Sector.MANUFACTURING: N_("Factories and food processing"),
    Sector.ENERGY: N_("Electricity and gas"),
    Sector.WATER: N_("Water, sewerage and waste"),
    Sector.CONSTRUCTION: N_("Construction"),
    Sector.TRADE: N_("Shops, wholesale and vehicle repair"),
    Sector.TRANSPORT: N_("Transport and storage"),
    Sector.HOSPITALITY: N_("Hotels and restaurants"),
    Sector.INFORMATION: N_("Information and communication"),
    Sector.FINANCE: N_("Banks and insurance"),
    Sector.REAL_ESTATE: N_("Real estate"),
    Sector.PROFESSIONAL: N_("Professional and technical services"),
    Sector.SUPPORT: N_("Cleaning, security, agency and office services"),
    Sector.PUBLIC: N_("Public administration"),
    Sector.EDUCATION: N_("Education"),
    Sector.HEALTH: N_("Health and social work"),
    Sector.ARTS: N_("Arts, sport and recreation"),
    Sector.OTHER: N_("Other services"),
    Sector.HOUSEHOLDS: N_("Work in private households"),
    Sector.EXTRATERRITORIAL: N_("Embassies and international organisations"),
}
