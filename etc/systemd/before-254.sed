# For systemd before version 254, as in Debian 12 and RHEL 9, which does not know what stands there.
s|^# A reload is over when agentd says so\. .*|# From systemd 254 on this is Type=notify-reload: a reload is over when agentd says so.|
s|^Type=notify-reload$|Type=notify\
ExecReload=/bin/sh -c "kill -HUP $MAINPID"|
/^DelegateSubgroup=/d
