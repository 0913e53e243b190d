import { existsSync } from 'node:fs'

const there = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].some((path) => existsSync(path))

/** False where nginx can be run; else the reason why what needs it is skipped. */
export const noNginx = there
  ? false
  : 'There is no nginx here (apt-get install nginx-light): Serin behind nginx is not proved.'
