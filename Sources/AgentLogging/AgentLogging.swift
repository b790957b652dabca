// AgentLogging
