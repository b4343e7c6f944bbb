"""What code shows, for the interpreters of contexts and of scripts, in which these modules run. May use nothing of the agent."""
