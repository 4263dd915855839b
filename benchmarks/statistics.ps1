# What the benchmarks share. They dot-source it.

function Get-Median([double[]] $Value) {
    [Array]::Sort($Value)
    ($Value[[int][Math]::Floor(($Value.Length - 1) / 2)] + $Value[[int][Math]::Ceiling(($Value.Length - 1) / 2)]) / 2
}
