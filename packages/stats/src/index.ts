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

export {
  betaCdf,
  betaSurvival,
  binomialSurvival,
  fSurvival,
  studentQuantile,
  studentSurvival,
  studentUpperQuantile,
} from './numeric/beta.ts'
export { binomialCdf, binomialProbability, hypergeometricProbability } from './numeric/discrete.ts'
export { chiSquareSurvival, gammaSurvival, lgamma, logBeta } from './numeric/gamma.ts'
export { LOG_ZERO, logAddExp, logSumExp } from './numeric/log-space.ts'
export { erfc, erfcx, lnNormalCdf, normalCdf, normalQuantile, normalSurvival } from './numeric/normal.ts'

export { createCupedTest, readCupedTest, updateCupedTest } from './covariate/cuped-test.ts'
export type { CupedBatch, CupedTestOptions, CupedTestReading, CupedTestState } from './covariate/cuped-test.ts'

export { bayesReading, effectFromInterval, expectedExcess } from './report/bayes.ts'
export type { BayesOptions, BayesReading, NormalPrior } from './report/bayes.ts'
export { compareMeans, effectOf, normalReading, relativeDifference } from './report/contrast.ts'
export type {
  Alternative,
  Difference,
  Effect,
  Interval,
  MeanReading,
  NormalReading,
  ReportOptions,
} from './report/contrast.ts'
export { compareCupedRatios } from './report/cuped-ratio.ts'
export type { CupedRatioSums } from './report/cuped-ratio.ts'
export { compareCuped, cupedTheta } from './report/cuped.ts'
export type { CovariatePeriod, CupedEvents, CupedOptions, CupedReading, CupedSums } from './report/cuped.ts'
export { effectSize, meanRatio } from './report/effect-size.ts'
export type { EffectSize } from './report/effect-size.ts'
export { mannWhitney } from './report/mann-whitney.ts'
export type { RankOptions, RankReading } from './report/mann-whitney.ts'
export { adjustedInterval, benjaminiHochberg, eBenjaminiHochberg, holm } from './report/multiplicity.ts'
export type { Adjusted, SliceReading } from './report/multiplicity.ts'
export { compareProportions, fisherMidP, wilsonInterval } from './report/proportions.ts'
export type { ProportionOptions, ProportionReading } from './report/proportions.ts'
export { orderRanks, quantileEffect, quantileEstimate, quantileOf } from './report/quantile.ts'
export type { OrderRanks, QuantileBounds, QuantileComparison, QuantileEstimate } from './report/quantile.ts'
export { sampleOfBuckets, sampleOfEvents, sampleOfRatio, sampleOfSums, sampleOfValues } from './report/sample.ts'
export type { EventSums, RatioSums, Sample, ValueSums } from './report/sample.ts'

export type { ArmUnits, DetectableEffect, LookOptions, PowerReading, SampleSize } from './power/design.ts'
export { planDurationMs } from './power/duration.ts'
export { furtherPower } from './power/further.ts'
export type { FurtherPlan } from './power/further.ts'
export { meanDetectable, meanPower, meanSampleSize } from './power/mean.ts'
export type { MeanPlan, MeanSampleSize } from './power/mean.ts'
export { proportionDetectable, proportionPower, proportionSampleSize } from './power/proportion.ts'
export type { ProportionPlan } from './power/proportion.ts'
export { harmForecast, nonInferiorityForecast } from './power/rollout.ts'
export type { HarmForecastOptions, StageForecast, StagePlan } from './power/rollout.ts'
export { studentPower, studentSampleSize } from './power/student.ts'
export type { StudentPlan } from './power/student.ts'

export type { Classification, JudgeConstants, KayentaLabel } from './kayenta/classify.ts'
export type { KayentaConfig, KayentaMetric, KayentaMetricOptions } from './kayenta/config.ts'
export { judgeKayenta } from './kayenta/judge.ts'
export type { KayentaMetricResult, KayentaReading, KayentaSeries } from './kayenta/judge.ts'
export type { GroupScore } from './kayenta/score.ts'
export type { Points, SeriesSummary } from './kayenta/series.ts'
