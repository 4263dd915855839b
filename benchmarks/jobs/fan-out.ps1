<#
.SYNOPSIS
    A file in the page cache into 2, 4 and 8 FIFOs of 1 MiB, whose readers throw away what comes.
#>
param([switch] $Quick)

$size = $Quick ? 16MB : 4GB
$reason = Get-MissingReason python3
if ($reason) { return Get-SkipRecord 'fan-out' $reason }
Use-Place tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    Write-RandomFile $source $size
    $fifos = (Get-End $place.Folder).fifos
    foreach ($count in 2, 4, 8) {
        $some = $fifos[0..($count - 1)]
        Measure-Case "$(Format-Size $size) to $count pipes" -FileSystem $place.FileSystem -Bytes $size @(
            @{ Name = 'Copy-StreamZeroCopy'; Ours = $true; Script = { Copy-StreamZeroCopy $source $some } }
            # The last pipe is tee's own output.
            @{ Name = 'tee'; Command = @('bash', '-c', 'tee "${@:2}" < "$0" > "$1"', $source; $some) }
        )
    }
}
