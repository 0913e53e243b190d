import { render } from 'preact'
import { App } from './app.tsx'
import { keepPreferences } from './live/preferences.ts'
import { followAddress } from './live/route.ts'

keepPreferences()
followAddress()
const root = document.getElementById('app')
if (root !== null) render(<App />, root)
