import Foundation

// The functions that the standard library lacks, named so that they do not hide a local `log`.

func naturalLogarithm(_ x: Double) -> Double { Foundation.log(x) }
func cosineOf(_ x: Double) -> Double { Foundation.cos(x) }
func powerOfTen(_ x: Double) -> Double { Foundation.pow(10, x) }
