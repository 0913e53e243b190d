/** The version that streams, without manners: it ends at once when it is told to, whatever it is answering. Arguments: port, name. */
import './stream-upstream.ts'

process.removeAllListeners('SIGTERM')
