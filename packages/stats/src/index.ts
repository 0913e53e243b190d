/** Numbers in, intervals and evidence out. Every test is a fold: createX, updateX, readX over plain JSON. */
export type { Refusal, Updated } from './refusal.ts'

export type { ArrivalBatch, ArrivalTotals } from './count/arrivals.ts'
export type { CoinMixture, Restarts } from './count/coin-mixture.ts'
export { createHarm, readHarm, updateHarm } from './count/harm-mixture.ts'
export type { ArrivalReading, HarmOptions, HarmState } from './count/harm-mixture.ts'
export { createNonInferiority, readNonInferiority, updateNonInferiority } from './count/non-inferiority.ts'
export type { NonInferiorityOptions, NonInferiorityState } from './count/non-inferiority.ts'
export { createAboveLimit, createBelowLimit, readLimit, updateLimit } from './count/limit.ts'
export type { LimitOptions, LimitReading, LimitState, TrialBatch } from './count/limit.ts'
export { createRatio, readRatio, readRatioNonInferiority, updateRatio } from './count/ratio-interval.ts'
export type { RatioReading, RatioState } from './count/ratio-interval.ts'

export {
  BIN_COUNT,
  binOf,
  checkHistogram,
  countAbove,
  createDense,
  emptyHistogram,
  histogramCount,
  histogramMeanMs,
  histogramOf,
  histogramQuantile,
  mergeHistograms,
  recordMs,
  toDense,
  toSparse,
  upperEdgeMs,
} from './latency/log-histogram.ts'
export type { LogHistogram, QuantileReading } from './latency/log-histogram.ts'
export { createThresholdBank, readThresholdBank, updateThresholdBank } from './latency/threshold-bank.ts'
export type {
  CutReading,
  LatencyBatch,
  ThresholdBankOptions,
  ThresholdBankReading,
  ThresholdBankState,
  ThresholdCut,
} from './latency/threshold-bank.ts'

export { createRankMixture, readRankMixture, renewReference, updateRankMixture } from './latency/rank-mixture.ts'
export type { RankBatch, RankMixtureOptions, RankMixtureReading, RankMixtureState } from './latency/rank-mixture.ts'
export { rankItems } from './latency/rank-items.ts'
export type { RankItems, SlowShape } from './latency/rank-items.ts'
export type { Capital } from './betting/capital.ts'

export { addToBuckets, bucketRatio, DEFAULT_BUCKETS, emptyBuckets } from './mean/hash-buckets.ts'
export type { BucketCell, BucketRatio, BucketSums } from './mean/hash-buckets.ts'
export type { RatioBatch, StageArm, StageSums } from './mean/stages.ts'
export { closeRatioStage, createRatioTest, readRatioTest, updateRatioTest } from './mean/ratio-test.ts'
export type { RatioQuestion, RatioTestOptions, RatioTestReading, RatioTestState } from './mean/ratio-test.ts'
export {
  oneSidedHalfWidth,
  oneSidedLogE,
  oneSidedTuningInformation,
  tuningInformation,
  twoSidedHalfWidth,
  twoSidedLogE,
} from './mean/normal-mixture.ts'

export { chiSquareFit, createAllocation, dirichletLogE, readAllocation, updateAllocation } from './allocation/srm.ts'
export type { AllocationBatch, AllocationReading, AllocationState } from './allocation/srm.ts'

export { anytimePValue, closedAverage, combineEvidence } from './combine/average.ts'
export type { CombinedReading, Contribution, Weighted } from './combine/average.ts'

export { betaCdf, binomialSurvival, studentQuantile, studentSurvival } from './numeric/beta.ts'
export { chiSquareSurvival, gammaSurvival, lgamma, logBeta } from './numeric/gamma.ts'
export { LOG_ZERO, logAddExp, logSumExp } from './numeric/log-space.ts'
export { erfc, erfcx, lnNormalCdf, normalCdf, normalQuantile, normalSurvival } from './numeric/normal.ts'
