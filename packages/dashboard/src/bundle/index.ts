export { dashboardFiles, type DashboardFile } from './files.ts'
