import { spawnSync } from 'node:child_process'

/** The nginx of this machine; undefined where there is none. */
export const nginx = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).error === undefined)

/** False where nginx can be run; else the reason why what needs it is skipped. */
export const noNginx =
  nginx === undefined
    ? 'There is no nginx here (apt-get install nginx-light): Serin behind nginx is not proved.'
    : false

/** The same for HAProxy. */
export const noHaproxy = ['haproxy', '/usr/sbin/haproxy'].some((path) => spawnSync(path, ['-v']).error === undefined)
  ? false
  : 'There is no HAProxy here (apt-get install haproxy): Serin behind HAProxy is not proved.'
