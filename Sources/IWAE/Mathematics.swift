import Foundation

// The functions that the standard library lacks, named so that they do not hide a local `log`.

func naturalLogarithm(_ x: Double) -> Double { Foundation.log(x) }
func logarithmOfOnePlus(_ x: Double) -> Double { Foundation.log1p(x) }
func exponential(_ x: Double) -> Double { Foundation.exp(x) }
func cosineOf(_ x: Double) -> Double { Foundation.cos(x) }
func powerOfTen(_ x: Double) -> Double { Foundation.pow(10, x) }
