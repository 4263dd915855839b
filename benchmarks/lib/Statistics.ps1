# Medians and quartiles, and the ratios of what was measured side by side.

# The value below which a share of the values lies, between two of them where it falls between two.
function Get-Quantile([double[]] $Value, [double] $Share) {
    $sorted = [double[]]$Value.Clone()
    [Array]::Sort($sorted)
    $place = ($sorted.Length - 1) * $Share
    $below = [int][Math]::Floor($place)
    $above = [int][Math]::Ceiling($place)
    $sorted[$below] + ($sorted[$above] - $sorted[$below]) * ($place - $below)
}

# Median and interquartile range, rounded to what a measurement is worth.
function Get-Spread([double[]] $Value) {
    [ordered]@{
        median = ConvertTo-Figure (Get-Quantile $Value 0.5)
        q1 = ConvertTo-Figure (Get-Quantile $Value 0.25)
        q3 = ConvertTo-Figure (Get-Quantile $Value 0.75)
    }
}

# Four significant digits, if no other number is named.
function ConvertTo-Figure([double] $Value, [int] $Digits = 4) {
    [double]::Parse($Value.ToString("G$Digits", [cultureinfo]::InvariantCulture), [cultureinfo]::InvariantCulture)
}

# The spread of the ratios of what was measured in the same round: a noisy machine slows both of a pair. The second may have had fewer
# rounds.
function Get-RatioSpread([double[]] $Value, [double[]] $Beside) {
    Get-Spread @(for ($i = 0; $i -lt $Beside.Length; $i++) { $Value[$i] / $Beside[$i] })
}

function Get-DifferenceSpread([double[]] $Value, [double[]] $Beside) {
    Get-Spread @(for ($i = 0; $i -lt $Beside.Length; $i++) { $Value[$i] - $Beside[$i] })
}
