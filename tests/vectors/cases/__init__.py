"""The questions asked. Expected answers come from the oracle, never from here."""
