"""What the REST API says, as models that the service and its clients share."""
