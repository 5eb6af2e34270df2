"""The tests: unit, contract, journeys, browser."""
