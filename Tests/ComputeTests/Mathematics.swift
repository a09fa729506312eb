import Foundation

// Compute imports nothing, so its tests name the functions that they check it against.
func logarithm(_ x: Double) -> Double { log(x) }
func cosineOf(_ x: Double) -> Double { cos(x) }
func sineOf(_ x: Double) -> Double { sin(x) }

/// The probability that a standard normal number is at most x.
func normalProbability(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
