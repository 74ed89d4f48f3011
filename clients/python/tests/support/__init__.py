"""What the tests need around them: the services, a service that misbehaves, servers, interpreters."""
