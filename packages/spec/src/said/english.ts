/** Every sentence about a judgement or a rollout, in English; other languages have the same codes and the same gaps. */
export const english = {
  // What was said elsewhere, as it is.
  quoted: '{text}',
  because: ': {text}',
  'place.none': 'without traffic',
  'place.at': 'at {weight}',

  'why.harmful': 'harmful',
  'why.budget': 'budget',
  'why.aborted': 'aborted',
  'why.failed': 'failed',
  'why.superseded': 'superseded',
  'why.gate': 'a gate has failed',
  'why.no-evidence': 'evidence was missing',
  'why.no-gain': 'not shown to be better',
  'why.deadline': 'past its deadline',

  'metric.noCanary': '{name}: no samples of canary yet.',
  'metric.noStable': '{name}: no samples of stable yet.',
  'metric.means': '{name}: {canary} on canary ({counted} counted) against {stable} on stable ({others}).',
  'metric.pair': '{name}: {canary} % on canary ({events} of {count}) against {stable} % on stable.',
  'metric.slow':
    '{name}: slower than {cut} ms are {canary} % on canary ({events} of {count}) against {stable} % on stable.',
  'metric.slowQuantiles':
    '{name}: slower than {cut} ms are {canary} % on canary ({events} of {count}) against {stable} % on stable; {p} is {ownMs} ms against {otherMs} ms.',
  'metric.needed': 'Still needed: {missing}.',
  'metric.worse': 'Canary is worse: the evidence is {odds}.',
  'metric.within': 'Canary is within what the next step allows (evidence {odds}).',
  'metric.open': 'Not decided yet.',

  'judged.reflex':
    'The gateway sent the traffic of {canary} back to {stable} by itself: errors are more frequent on {canary} (the evidence is {odds}; for the gateway {enough} is enough).',
  'judged.harm': 'Harm is proved ({odds}).',
  'judged.harmShown': 'Harm is proved.',
  'judged.safeFor': 'Safe for {weight}:',
  'judged.safe': 'Safe for {weight}: every guardrail is within its margin.',
  'judged.sourceDown': 'No evidence arrives: the source is down. Traffic stays as it is.',
  'judged.noData': 'Canary gets no samples. Traffic stays as it is.',
  'judged.splitDiffers':
    'The observed split does not match the asked one (evidence {odds}): decisions are suspended until a person has looked.',
  'judged.noBaseline':
    'Too little traffic before the rollout to know how fast stable is; latency cannot be judged. Traffic stays as it is.',
  'judged.warmingUp': 'Warming up: latency is not judged yet.',
  'judged.lowTraffic': 'Only {units} units have seen canary so far. No harm seen.',
  'judged.noRequests': 'Canary has no requests at this step.',
  'judged.noHarm': 'No harm seen.',
  'judged.needs': 'No harm seen; {metrics} needs more evidence before {weight}.',
  'judged.need': 'No harm seen; {metrics} need more evidence before {weight}.',

  'goal.better': 'Canary is better at {metric} ({odds}).',
  'goal.notShown': '{units} units have not shown canary to be better at {metric}.',
  'goal.open': 'Not decided yet whether canary is better at {metric}: {units} of {maxUnits} units.',

  'alone.more':
    'With all traffic {percent} % of {requests} requests fail, more than the {limit} % that stable would have had at most ({odds}).',
  'alone.asBefore': 'With all traffic {percent} % of {requests} requests fail; up to {limit} % is as stable was.',
  'alone.nothing': 'With all traffic nothing of {requests} requests fail; up to {limit} % is as stable was.',

  'mirror.none': 'No answers of copies have been compared yet.',
  'mirror.noneLost': 'No answers of copies have been compared yet ({dropped} were not copied for want of room).',
  'mirror.counts': '{different} of {compared} mirrored answers differ ({percent} %; {most} % may).',
  'mirror.alone': 'Canary alone failed {canary} times, stable alone {stable} times.',
  'mirror.failsMore': 'It is proved that canary fails more often ({odds}).',
  'mirror.differsMore': 'It is proved that more differ than may ({odds}).',
  'mirror.alike': 'It is proved that fewer differ than may ({odds}).',
  'mirror.pairs': '{pairs} more pairs are needed at least.',

  'rollout.preparing': 'Starting {canary}; {stable} has all traffic.',
  'rollout.watching': 'Watching {canary}.',
  'rollout.watchingAt': 'Watching {canary} at {weight}.',
  'rollout.comparing': 'Comparing {canary} with {stable} at {weight}.',
  'rollout.quiet': '{canary} runs without traffic.',
  'rollout.copies': '{canary} answers copies.',
  'rollout.keeps': '{canary} keeps {weight}.',
  'rollout.switching': 'Switching to {canary} over {hold}: {weight} of {whole}.',
  'rollout.all': '{canary} has all traffic and is watched before it is promoted.',
  'rollout.allFor': '{canary} has all traffic and is watched for {hold} before it is promoted.',
  'rollout.first': 'Waiting for the first evidence.',
  'rollout.toGo': '{rest} of evidence to go.',
  'rollout.copy': 'Waiting for {copies} copy of it before {weight}.',
  'rollout.someCopies': 'Waiting for {copies} copies of it before {weight}.',
  'rollout.gate': 'Waiting for the gate "{gate}".',
  'rollout.gatePerson': 'Waiting for the gate "{gate}" ({approvals} of 1 person).',
  'rollout.gatePeople': 'Waiting for the gate "{gate}" ({approvals} of {people} people).',
  'rollout.heldBefore': 'Held before any traffic by {by}{why}.',
  'rollout.heldGate': 'Holding {canary} {place}: the gate "{gate}" has failed{why}.',
  'rollout.heldMissing': 'Holding {canary} {place}: evidence is missing{why}.',
  'rollout.heldBy': 'Holding {canary} {place}, by {by}{why}.',
  'rollout.promoting': 'Promoting {canary} to 100 %{why}.',
  'rollout.rollingBack': 'Rolling back to {stable}{why}.',
  'rollout.promoted': '{canary} is promoted and has all traffic.',
  'rollout.rolledBack': '{canary} was rolled back ({reason}); {stable} has all traffic{why}.',
} as const

/** The name of a phrase. */
export type PhraseCode = keyof typeof english
