import Foundation

/// The largest value that is a number; -infinity if there is none.
func largestNumber(_ values: ArraySlice<Double>) -> Double {
  values.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
}

/// log(mean(exp(values))), exact for values of any size; -infinity where all are.
func logMeanExp(_ values: ArraySlice<Double>) -> Double {
  let largest = largestNumber(values)
  if values.contains(where: \.isNaN) { return .nan }
  if largest == -.infinity { return largest }
  return largest + log(values.reduce(0) { $0 + exp($1 - largest) } / Double(values.count))
}

/// exp(values) / sum(exp(values)); zeros where all values are -infinity.
func softmax(_ values: ArraySlice<Double>) -> [Double] {
  let largest = largestNumber(values)
  if values.contains(where: \.isNaN) { return values.map { _ in .nan } }
  if largest == -.infinity { return values.map { _ in 0 } }
  let shares = values.map { exp($0 - largest) }
  let sum = shares.reduce(0, +)
  return shares.map { $0 / sum }
}
