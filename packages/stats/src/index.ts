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
export { chanceToReach, exactThreshold } from './count/exact-threshold.ts'
export type { ExactThreshold, FiniteHorizon } from './count/exact-threshold.ts'

export { createTwoByTwo, readTwoByTwo, updateTwoByTwo } from './proportion/two-by-two.ts'
export type { TwoByTwoBatch, TwoByTwoOptions, TwoByTwoReading, TwoByTwoState } from './proportion/two-by-two.ts'
export { shareInterval } from './proportion/share-interval.ts'
export type { ShareReading, Trials, WatchedOptions } from './proportion/share-interval.ts'
export { createBoundedMean, readBoundedMean, updateBoundedMean } from './bounded/empirical-bernstein.ts'
export { createMeanAbove, updateMeanAbove } from './bounded/mean-above.ts'
export type { MeanAboveOptions, MeanAboveState } from './bounded/mean-above.ts'
export type {
  BoundedArm,
  BoundedArmReading,
  BoundedBatch,
  BoundedMeanOptions,
  BoundedMeanReading,
  BoundedMeanState,
} from './bounded/empirical-bernstein.ts'

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

export { compareDistributions, dkwConstant, dkwHalfWidth, quantileBand } from './bands/dkw.ts'
export type { DkwReading } from './bands/dkw.ts'
export { quantileInterval } from './bands/quantile-interval.ts'
export type { QuantileBand } from './bands/quantile-interval.ts'

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

export { expectedEventsUpTo } from './ramp/expected-events.ts'
export { rampShares, riskOf } from './ramp/risk.ts'
export type { RampBudget, Risk } from './ramp/risk.ts'

export { createCusum, readCusum, updateCusum } from './series/cusum.ts'
export type { CusumOptions, CusumState } from './series/cusum.ts'
export { DEFAULT_SERIES_DETECTOR, seriesDetectors } from './series/detectors.ts'
export type { SeriesDetector, SeriesDetectorName } from './series/detectors.ts'
export { createEwma, readEwma, updateEwma } from './series/ewma.ts'
export type { EwmaOptions, EwmaState } from './series/ewma.ts'
export { createMoving, readMoving, updateMoving } from './series/moving.ts'
export type { MovingOptions, MovingState } from './series/moving.ts'
export type { SeriesPoint, SeriesReading } from './series/point.ts'
export type { Reference, ReferenceOptions } from './series/reference.ts'
export { createSeason, readSeason, updateSeason } from './series/season.ts'
export type { SeasonOptions, SeasonReading, SeasonState } from './series/season.ts'
export { createShiryaevRoberts, readShiryaevRoberts, updateShiryaevRoberts } from './series/shiryaev-roberts.ts'
export type { ShiryaevRobertsOptions, ShiryaevRobertsState } from './series/shiryaev-roberts.ts'
export type { Spread } from './series/spread.ts'
export { decomposeStl, remainderOutliers } from './series/stl.ts'
export type { StlOptions, StlParts } from './series/stl.ts'
export { createTail, readTail, updateTail } from './series/tail.ts'
export type { TailOptions, TailState } from './series/tail.ts'

export { sameLatencyQuantile, sameQuantile } from './bands/quantile-test.ts'
export type { QuantileCell, SameQuantileReading } from './bands/quantile-test.ts'
export { quantileHalfWidth, stitchedBoundary } from './bands/stitched.ts'
export type { StitchOptions } from './bands/stitched.ts'
