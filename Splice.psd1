@{
    NestedModules          = @('SpliceLoader.dll', 'SpliceModule.dll')
    ModuleVersion          = '0.2.0'
    GUID                   = 'b81d16a8-a679-4e68-8ae9-674355649629'
    Author                 = 'The Splice contributors'
    CompanyName            = 'The Splice contributors'
    Copyright              = '(c) The Splice contributors. MIT license.'
    Description            = 'Copies files and folders, and moves bytes between files, pipes, sockets, processes and hosts, inside the Linux kernel (reflink, copy_file_range, sendfile, splice). Returns result objects.'
    PowerShellVersion      = '7.4'
    CompatiblePSEditions   = @('Core')
    FormatsToProcess       = @('Splice.Format.ps1xml')
    TypesToProcess         = @('Splice.Types.ps1xml')
    FunctionsToExport      = @()
    CmdletsToExport        = @(
        'Compare-ItemZeroCopy', 'Copy-ItemZeroCopy', 'Copy-StreamZeroCopy', 'Invoke-PipelineZeroCopy', 'Invoke-Splice', 'Invoke-Tee',
        'Join-ItemZeroCopy', 'Measure-ZeroCopy', 'Move-ItemZeroCopy', 'New-SplicePipe', 'Receive-ItemZeroCopy', 'Send-ItemZeroCopy',
        'Split-ItemZeroCopy', 'Sync-ItemZeroCopy', 'Test-ZeroCopy')
    VariablesToExport      = @()
    AliasesToExport        = @()
    PrivateData            = @{
        PSData = @{
            Tags = @('PSEdition_Core', 'Linux', 'splice', 'sendfile', 'copy_file_range', 'reflink', 'zero-copy', 'copy')
        }
    }
}
