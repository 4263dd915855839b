# Those who copy one file to another, for the jobs that differ only in which file and where. {0} in the target is the number
# of the repetition.
function Get-CopyContestant([string] $Source, [string] $Target, [string[]] $Name) {
    $all = @(
        @{ Name = 'Copy-ItemZeroCopy'; Ours = $true; Script = { param($n) Copy-ItemZeroCopy $Source $Target.Replace('{0}', $n) }.GetNewClosure() }
        @{ Name = 'cp'; Command = 'cp', $Source, $Target }
        @{ Name = 'File.Copy'; Script = { param($n) [IO.File]::Copy($Source, $Target.Replace('{0}', $n), $true) }.GetNewClosure() }
        @{ Name = 'Copy-Item'; Script = { param($n) Copy-Item $Source $Target.Replace('{0}', $n) }.GetNewClosure() }
        @{ Name = 'Python copyfile'; Python = 'copyfile', $Source, $Target }
        @{ Name = 'Python copy_file_range'; Python = 'copy_file_range', $Source, $Target }
        @{ Name = 'Python sendfile'; Python = 'sendfile', $Source, $Target }
    )
    $Name ? @($all | Where-Object { $_.Ours -or $_.Name -in $Name }) : $all
}

# The peers that a whole file's copy is held against; the fastest of them counts.
function Get-FastPeer { 'cp', 'File.Copy', 'Python copyfile', 'Python copy_file_range', 'Python sendfile' }
