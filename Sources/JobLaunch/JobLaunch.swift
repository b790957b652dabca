// JobLaunch
