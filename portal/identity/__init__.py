"""Who acts, for whom, and with which rights. It knows neither businesses nor money, only their ids."""
