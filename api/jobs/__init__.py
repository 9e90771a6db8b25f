"""Jobs: submitted, listed, polled, cancelled."""
