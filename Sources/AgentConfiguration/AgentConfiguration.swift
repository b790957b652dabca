// AgentConfiguration
