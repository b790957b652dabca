// AgentRegistration
