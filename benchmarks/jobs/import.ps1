<#
.SYNOPSIS
    A start of pwsh that imports the module, beside one that imports nothing: the difference is what the import adds.
#>
param([switch] $Quick)

$pwsh = Get-Pwsh
$module = (Get-Module Splice).Path
Measure-Case 'start of pwsh' -NoProbe:$Quick -Target @{ Id = '8'; Peer = 'pwsh'; AtMost = 0.06; Of = 'difference' } @(
    @{ Name = 'pwsh, import of Splice'; Ours = $true; Command = $pwsh, '-NoProfile', '-Command', "Import-Module '$module'; exit" }
    @{ Name = 'pwsh'; Command = $pwsh, '-NoProfile', '-Command', 'exit' }
)
