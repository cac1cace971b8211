"""How much one caller or one address may ask."""
