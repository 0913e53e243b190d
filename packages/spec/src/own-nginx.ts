import { z } from 'zod'

const command = z.array(z.string().min(1).max(4_096)).min(1).max(100)

/** How Serin reaches an nginx that is somebody's own. */
export const OwnNginx = z
  .strictObject({
    include: z
      .string()
      .min(1)
      .max(4_096)
      .meta({
        description:
          'Folder, relative to the file, in which Serin keeps `NAME.conf`, NAME being the service. The `http` block of your nginx has to say `include FOLDER/*.conf;`.',
        examples: ['/etc/nginx/serin.d'],
      }),
    check: command.default(['nginx', '-T']).meta({
      description: 'Checks the configuration and prints it. Nothing is reloaded that it refuses.',
      examples: [['sudo', 'nginx', '-T']],
    }),
    reload: command.default(['nginx', '-s', 'reload']).meta({
      description: 'Tells your nginx to read its configuration anew.',
      examples: [['systemctl', 'reload', 'nginx']],
    }),
  })
  .meta({
    id: 'OwnNginx',
    description:
      'An nginx of your own that Serin adds to, with `router: nginx`. Your locations pass to the upstream `serin-NAME`; the server behind it takes requests at `listen` too.',
  })
