"""The kinds of business there are. The codes are also rows of the database, with the words people search by."""

from portal.kit.errors import N_

CATEGORIES = {
    "arts_crafts": N_("Arts and crafts"),
    "bakery": N_("Bakery"),
    "bar": N_("Bar or pub"),
    "beauty": N_("Beauty"),
    "books_stationery": N_("Books and stationery"),
    "cafe": N_("Café"),
    "cars_bikes": N_("Cars and bikes"),
    "cleaning": N_("Cleaning and laundry"),
    "education": N_("Education"),
    "electronics": N_("Electronics"),
    "events": N_("Events and catering"),
    "fashion": N_("Fashion"),
    "fitness": N_("Fitness and sport"),
    "florist": N_("Florist"),
    "food_shop": N_("Food shop"),
    "furniture_home": N_("Furniture and home"),
    "hairdresser": N_("Hairdresser"),
    "hardware": N_("Hardware and garden"),
    "health": N_("Health"),
    "jewellery": N_("Jewellery and watches"),
    "pets": N_("Pets"),
    "pharmacy": N_("Pharmacy"),
    "professional": N_("Professional services"),
    "repair": N_("Repairs"),
    "restaurant": N_("Restaurant"),
    "takeaway": N_("Takeaway"),
    "toys_gifts": N_("Toys and gifts"),
    "travel": N_("Travel and stay"),
    "other": N_("Something else"),
}
"""Code → name, an English message id."""
