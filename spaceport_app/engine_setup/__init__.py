"""Setting the GPU engine up for a user: find the card, plan, fetch, install, test, switch."""
