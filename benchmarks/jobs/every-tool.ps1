<#
.SYNOPSIS
    One file in the page cache into a new file, with everything that people copy with.
#>
param([switch] $Quick)

$size = $Quick ? 8MB : 1GB
Use-Place ext4, tmpfs {
    param($place)
    $source = "$($place.Folder)/source"
    $target = "$($place.Folder)/target"
    Write-RandomFile $source $size
    $contestants = @(Get-CopyContestant $source $target) + @(
        @{ Name = 'dd bs=1M'; Command = 'dd', "if=$source", "of=$target", 'bs=1M', 'status=none' }
        @{ Name = 'cat < a > b'; Command = 'bash', '-c', 'cat < "$0" > "$1"', $source, $target }
        @{ Name = 'tee'; Command = 'bash', '-c', 'tee < "$0" > "$1"', $source, $target }
        @{ Name = 'pv'; Command = 'bash', '-c', 'pv -q "$0" > "$1"', $source, $target; Needs = 'pv' }
        @{ Name = 'rsync'; Command = 'rsync', '--whole-file', $source, $target }
        @{ Name = 'Stream.CopyTo'; Script = {
                $in = [IO.File]::OpenRead($source)
                $out = [IO.File]::Open($target, 'CreateNew', 'Write')
                $in.CopyTo($out)
                $out.Dispose()
                $in.Dispose()
            }
        }
        @{ Name = 'pwsh: cat a > b'; Script = { cat $source > $target; if ($LASTEXITCODE) { throw 'cat failed' } } }
        @{ Name = 'Python splice'; Python = 'splice', $source, $target }
    )
    Measure-Case (Format-Size $size) $contestants -FileSystem $place.FileSystem -Bytes $size -Before { Clear-File $target }
    Clear-File $source, $target
}
