<#
.SYNOPSIS
    Mirrors a folder to another one, and reports what changed.

.DESCRIPTION
    Makes the destination equal to the source. Nothing is changed if the source is empty (its file system is not mounted), or if
    more than a given number of items would be removed. Nothing is removed if the source could not be read completely.

    Emits a line for each change. The exit code is for a timer or cron: 0 after success, 75 if a later run can succeed, 1 if an
    administrator has to act.

.EXAMPLE
    ./mirror.ps1 /srv/data /mnt/backup/data

.EXAMPLE
    ./mirror.ps1 /srv/data /mnt/backup/data -Exclude cache/, *.tmp -MaximumRemoval 500
#>
#requires -Version 7.4
#requires -Modules Splice
[CmdletBinding()]
param(
    # The folder to mirror.
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    # The folder that becomes equal to it.
    [Parameter(Mandatory, Position = 1)]
    [string] $Destination,

    # Patterns of items that are neither copied nor removed.
    [string[]] $Exclude = @(),

    # The most items to remove. Default: half of the items in the destination, at least 10.
    [long] $MaximumRemoval
)

$ErrorActionPreference = 'Continue'
$limit = if ($PSBoundParameters.ContainsKey('MaximumRemoval')) { @{ MaximumRemoval = $MaximumRemoval } } else { @{} }
$messages = @{ ErrorVariable = 'failed'; WarningVariable = 'warnings'; WarningAction = 'SilentlyContinue' }
Sync-ItemZeroCopy $Path $Destination -RemoveExtra -Preserve All -Flush -PerFile -Exclude $Exclude @limit @messages |
    Where-Object Status -In Copied, Updated, Removed |
    ForEach-Object { '{0,-8} {1}{2}' -f $_.Status, $_.Destination, $($_.Reason ? " ($($_.Reason))" : '') }

# In a job that runs every night, a pattern may well match nothing.
$warnings.Where({ $_.Message -notlike 'The pattern * matched nothing.' }).ForEach({ Write-Warning $_.Message })

$later = 'DestinationBusy', 'DiskFull', 'SourceChanged', 'SourceTruncated', 'DestinationChanged'
$ids = @($failed | ForEach-Object { ($_.FullyQualifiedErrorId -split ',')[0] })
exit $(if (-not $ids) { 0 } elseif ($ids.Where({ $_ -notin $later })) { 1 } else { 75 })
