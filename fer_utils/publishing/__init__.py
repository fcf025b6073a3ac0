"""From executed notebooks to the report and the README, and the check of staleness."""
